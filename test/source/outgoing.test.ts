// One way out: only http/outgoing.ts sends requests to other servers, also for libraries.
import { describe, expect, it } from 'vitest'
import { readSource } from '../support/imports.ts'

const WAY_OUT = 'src/engine/http/outgoing.ts'
/** Runs in the browser, and asks this server. */
const OF_A_PAGE = 'src/engine/login/passkey/script.ts'

const source = [...readSource('src/engine/**/*.{ts,tsx}')].filter(([file]) => file !== OF_A_PAGE)
const code = (text: string) => text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')

describe('the way out', () => {
  it('is one', () => {
    const own = source.filter(([, text]) =>
      /(?<!async |[-.#/\w])fetch(?![-:\w])|globalThis\.fetch/.test(code(text)),
    )
    expect(own.map(([file]) => file)).toEqual([WAY_OUT])
  })

  it('is the one of the libraries, too', () => {
    const asks = /\boauth\.\w+Request\(|createRemoteJWKSet\(/
    const wrong = source.filter(
      ([, text]) => asks.test(code(text)) && !/customFetch\]|requestOptions/.test(code(text)),
    )
    expect(wrong.map(([file]) => file)).toEqual([])
  })
})
