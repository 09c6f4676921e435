// The docs cannot go stale: links lead somewhere, commands exist, and pictures are as new as their pages.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { currentHashes, FOLDER, PICTURES, recordedHashes } from '../pictures/sources.ts'
import { readSource } from '../support/imports.ts'

// A fork writes a README of its own, so nothing in it is checked.
const pages = [...readSource('docs/*.md', '{AGENTS,CHANGELOG,CONTRIBUTING,SECURITY}.md')]
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }

/** The anchors that GitHub gives to a page's headings. */
function anchorsOf(text: string): string[] {
  const headings = [...withoutBlocks(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading)
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

function withoutBlocks(text: string): string {
  return text.replace(/^ *```.*?^ *```/gms, '')
}

/** What a page links to in this repository: `[file, anchor]`. */
function linksIn(page: string, text: string): [string, string][] {
  const links = [...withoutBlocks(text).matchAll(/\]\(([^)\s]+)\)|src="([^"]+)"/g)]
  return links
    .map(([, link, source]) => link ?? source ?? '')
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [path = '', anchor = ''] = target.split('#')
      return [path === '' ? page : join(dirname(page), path), anchor]
    })
}

describe.each(pages)('the links of %s', (page, text) => {
  it('lead to files and headings that exist', () => {
    const broken = linksIn(page, text).filter(([file, anchor]) => {
      if (!existsSync(file)) return true
      return anchor !== '' && file !== 'README.md' && !anchorsOf(readFileSync(file, 'utf8')).includes(anchor)
    })
    expect(broken).toEqual([])
  })
})

/** Each `npm` command in a text: its script, and the options after it. */
function commandsIn(text: string): { script: string; options: string[] }[] {
  // A span in one line, or a line of a block without its remark.
  const code = [...text.matchAll(/`([^`\n]+)`|^ *(npm .*?)(?:\s+#.*)?$/gm)].map(
    ([, span, line]) => span ?? line ?? '',
  )
  return code.flatMap((line) =>
    [...line.matchAll(/\bnpm (?:run )?(test\b(?!:)|(?<=run )[\w:-]+)([^&|]*)/g)].map(
      ([, script = '', rest = '']) => ({
        script,
        options: [...rest.matchAll(/(?<=\s)--[a-z][\w-]*/g)].map(([option]) => option),
      }),
    ),
  )
}

/** The source of the command that a script starts; undefined where npm starts another program. */
function sourceOf(script: string): string | undefined {
  const file = /^node (\S+)/.exec(scripts[script] ?? '')?.[1]
  return file === undefined ? undefined : readFileSync(file, 'utf8')
}

describe.each(pages)('the commands in %s', (page, text) => {
  // CHANGELOG.md also names what is gone.
  const commands = page === 'CHANGELOG.md' ? [] : commandsIn(text)

  it('are scripts of package.json', () => {
    expect(commands.map(({ script }) => script).filter((script) => !(script in scripts))).toEqual([])
  })

  it('have only options that the script explains', () => {
    const unknown = commands.flatMap(({ script, options }) =>
      options.filter((option) => option !== '--help' && !sourceOf(script)?.includes(`${option}`)),
    )
    expect(unknown).toEqual([])
  })
})

describe('docs/', () => {
  it('has each page in its index', () => {
    const index = linksIn('docs/README.md', readFileSync('docs/README.md', 'utf8')).map(([file]) => file)
    const missing = pages
      .map(([page]) => page)
      .filter((page) => page.startsWith('docs/') && !index.includes(page))
    expect(missing).toEqual(['docs/README.md'])
  })

  it('has each script in docs/commands.md', () => {
    const listed = commandsIn(readFileSync('docs/commands.md', 'utf8')).map(({ script }) => script)
    expect(Object.keys(scripts).filter((script) => !listed.includes(script))).toEqual([])
  })

  it('shows only pictures that `npm run pictures` makes', () => {
    const shown = pages.flatMap(([page, text]) => linksIn(page, text).map(([file]) => file))
    const pictures = shown.filter((file) => file.endsWith('.png'))
    expect(pictures.filter((file) => !(relative(FOLDER, file) in PICTURES))).toEqual([])
  })

  it('shows each page as it is now: after a change, run `npm run pictures`', () => {
    expect(recordedHashes()).toEqual(currentHashes())
  })
})
