// The owner's page, as far as tests read it.
import { expect } from 'vitest'
import type { Visitor } from './visitor.ts'

export class AdminPage {
  readonly html: string

  constructor(html: string) {
    this.html = html
  }

  /** @param rest of the address, after `/admin` */
  static async of(owner: Visitor, rest = ''): Promise<AdminPage> {
    const response = await owner.get(`/admin${rest}`)
    const html = await response.text()
    expect(`${response.status} ${html}`).toMatch(/^200 /)
    return new AdminPage(html)
  }

  /** The parts of the page, as text. */
  part(id: 'people' | 'invitations' | 'person' | 'apps' | 'registrations' | 'events'): string {
    const [, part = ''] = this.html.split(`<section id="${id}">`)
    return (part.split('</section>')[0] as string).replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ')
  }

  /** The ids of the people who are listed. */
  get users(): string[] {
    return [...this.html.matchAll(/<code>(user_[\w-]+)<\/code>/g)].map((match) => match[1] as string)
  }

  get registrations(): string[] {
    const links = this.html.matchAll(/do=remove&amp;registration=([^"]+)"/g)
    return [...links].map((match) => decodeURIComponent(match[1] as string))
  }

  /** The address of the next page of a part, after `/admin`. */
  next(id: 'people' | 'registrations' | 'apps'): string | undefined {
    const href = new RegExp(`href="/admin([^"]*[?;]${id}=[^"]+)`).exec(this.html)?.[1]
    return href?.replaceAll('&amp;', '&')
  }

  get notice(): string | undefined {
    return /role="status">([^<]+)</.exec(this.html)?.[1]
  }
}

/** Presses a button of the page. Returns what the page says then. */
export async function press(owner: Visitor, button: string, fields: Record<string, string>): Promise<string> {
  const response = await owner.post(`/admin/${button}`, fields)
  expect(response.status).toBe(303)
  const [, rest = ''] = /^\/admin(.*)$/.exec(response.headers.get('Location') as string) ?? []
  return (await AdminPage.of(owner, rest)).notice as string
}
