// The owner of a local server at its pages: signs in with the passphrase, and allows. No browser is needed.

import { textOfPage } from './answers.ts'
import { NotChecked } from './examine.ts'
import { Browser, type Field, type Form, formsOf, type Page } from './pages.ts'
import type { Person } from './play.ts'

interface Options {
  /** Signs in where the page takes no passphrase. */
  readonly otherwise?: Person
  /** The name of the field that takes it. */
  readonly field?: string
}

/**
 * Stays signed in from one request to the next.
 * @param origin of the server whose passphrase it is: no other gets it, whatever its metadata names
 */
export function owner(
  origin: string,
  passphrase: string,
  { otherwise, field = 'passphrase' }: Options = {},
): Person {
  const browser = new Browser()
  return async (url, redirectUri) => {
    if (url.origin !== origin)
      throw new NotChecked(
        `The sign-in is at ${url.origin}. The passphrase of .dev.vars is for ${origin} only.`,
      )
    let page = await browser.get(url)
    const login = formWith(page, ({ name }) => name === field)
    if (login) {
      const fields = login.fields.map(
        ({ name, value }) => [name, name === field ? passphrase : value] as const,
      )
      page = await browser.post(
        page,
        login,
        fields.filter(([name]) => name !== ''),
      )
      if (page.status === 429)
        throw new NotChecked('The server limits sign-ins just now. Wait a minute, and try again.')
    }
    const consent = formWith(page, ({ name, value }) => name === 'decision' && value === 'allow')
    if (!consent && !login && page.status < 400 && otherwise) return otherwise(url, redirectUri)
    if (!consent)
      throw new Error(`There is no page to allow it on, but ${page.status} (${textOfPage(page.text)}).`)
    const sent = await browser.post(page, consent, allowing(consent))
    if (sent.leftFor === undefined)
      throw new Error(`After Allow, the server shows ${sent.status} (${textOfPage(sent.text)}).`)
    const boxes = consent.fields.filter(({ type, name }) => type === 'checkbox' && name === 'scope')
    return { location: sent.leftFor, offered: boxes.map(({ value }) => value) }
  }
}

/** What a person sends who ticks nothing, and presses Allow. */
function allowing({ fields }: Form): (readonly [string, string])[] {
  const sent = fields.filter(({ type, checked }) => (type === 'checkbox' ? checked : type !== 'submit'))
  return [...sent.map(({ name, value }) => [name, value] as const), ['decision', 'allow']]
}

function formWith({ text }: Page, isIt: (field: Field) => boolean): Form | undefined {
  return formsOf(text).find(({ fields }) => fields.some(isIt))
}
