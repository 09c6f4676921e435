// `npm run call`: signs in once, and calls, lists, reads and gets, on the real server.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Connection } from '../../scripts/calling/connection.ts'
import { InMemory } from '../../scripts/calling/kept.ts'
import { owner } from '../../scripts/doctor/owner.ts'
import { FIXTURE, FIXTURE_ENVIRONMENT, runScript, script } from '../support/fixture.ts'
import { LocalServer } from '../support/local-server.ts'

const settings = mkdtempSync(join(tmpdir(), 'call-'))
const folder = join(settings, 'gatehouse')
let server: LocalServer

beforeAll(async () => {
  process.env.XDG_CONFIG_HOME = settings
  server = await LocalServer.start('test/support/every-kind-worker.ts')
})

afterAll(async () => {
  delete process.env.XDG_CONFIG_HOME
  rmSync(settings, { recursive: true })
  await server?.stop()
})

function call(...args: readonly string[]) {
  return runScript('call', ...args, '--url', server.origin)
}

function kept() {
  const [file = ''] = readdirSync(folder)
  return JSON.parse(readFileSync(join(folder, file), 'utf8')) as {
    client: { client_id: string }
    tokens: { access_token: string; refresh_token: string; scope: string }
  }
}

const countOf = (event: string) => server.output.filter((line) => line.includes(`"event":"${event}"`)).length

// In this order: each signs in only where it says so, for the server limits sign-ins.
describe('npm run call', () => {
  it('refuses wrong arguments with code 2, before it signs in', async () => {
    for (const args of [
      ['add_note', 'Milk'],
      ['add_note', '[]'],
      ['add_note', '{}', 'more'],
      ['--read', 'x', '--get', 'y'],
    ]) {
      expect((await call(...args)).code).toBe(2)
    }
    expect(await runScript('call', '--url', 'http://example.com')).toMatchObject({
      code: 2,
      complaint: expect.stringContaining('https only'),
    })
    expect(() => readdirSync(folder)).toThrow('ENOENT')
  })

  it('says how to start a server where none answers', async () => {
    const { code, complaint } = await runScript('call', '--url', 'http://localhost:9')
    expect(complaint).toContain('No server answers at http://localhost:9. Start it: npm run dev')
    expect(code).toBe(1)
  })

  it('keeps its tokens in one file for each server, which only the user can read', async () => {
    await call('whoami')
    expect(readdirSync(folder)).toEqual([`${encodeURIComponent(server.origin)}.json`])
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect(statSync(join(folder, readdirSync(folder)[0] as string)).mode & 0o777).toBe(0o600)
    const { client } = kept()
    await call('whoami')
    expect(kept().client).toEqual(client)
  })

  it('calls a tool, and asks for a scope once more where the tool needs it', async () => {
    const approvals = countOf('consent.allowed')
    expect(await call('list_notes')).toMatchObject({ code: 0, complaint: '' })
    expect(kept().tokens.scope).not.toContain('notes:write')
    const added = await call('add_note', '{"text":"Milk"}')
    expect(added).toMatchObject({ code: 0, output: expect.stringMatching(/^Kept as note \d+\.\n$/) })
    expect(await call('list_notes')).toMatchObject({ output: expect.stringContaining('Milk') })
    expect(await call('add_note', '{"text":"Salt"}')).toMatchObject({ code: 0 })
    expect(countOf('consent.allowed') - approvals).toBe(1)
  })

  it('lists what the server offers', async () => {
    const { code, output } = await call()
    expect(output).toMatch(/^Tools\n {2}whoami +Who am I\n/)
    expect(output).toMatch(/^ {2}list_notes +List notes \(limit\?\)$/m)
    expect(output).toMatch(/^Resources\n {2}fixture:\/\/hours\/\{day\} {2}Opening hours$/m)
    expect(output).toMatch(/^Prompts\n {2}greet {2}Greet \(name\)$/m)
    expect(code).toBe(0)
  })

  it('reads a resource and gets a prompt, and lets no server move the cursor', async () => {
    expect(await call('--read', 'fixture://hours/monday')).toMatchObject({
      code: 0,
      output: 'Owner comes on monday. \n',
    })
    expect(await call('--get', 'greet', '{"name":"Ada"}')).toMatchObject({
      code: 0,
      output: 'user: Say hello to Ada.\n',
    })
  })

  it('prints the whole result as JSON', async () => {
    const { output } = await call('whoami', '--json')
    expect(JSON.parse(output)).toMatchObject({ structuredContent: { name: 'Owner' } })
  })

  it('ends with code 1 where the tool refuses, and for a tool that does not exist', async () => {
    const refused = await call('add_note', '{"text":""}')
    expect(refused).toMatchObject({ code: 1, output: expect.stringContaining('text: Too small') })
    expect(await call('no_such_tool')).toMatchObject({
      code: 1,
      complaint: expect.stringContaining('no_such_tool'),
    })
  })

  it('signs in again after the user has revoked it', async () => {
    await call('whoami')
    const { client } = kept()
    const file = join(folder, readdirSync(folder)[0] as string)
    const token = { token: kept().tokens.refresh_token, client_id: client.client_id }
    await fetch(new URL('/revoke', server.origin), { method: 'POST', body: new URLSearchParams(token) })
    const tokens = { ...kept(), tokens: { ...kept().tokens, access_token: 'expired' } }
    writeFileSync(file, JSON.stringify(tokens))
    expect(await call('whoami')).toMatchObject({ code: 0 })
    expect(kept().client).toEqual(client)
  })

  it('signs in again on a server that does not know its client', async () => {
    const file = join(folder, readdirSync(folder)[0] as string)
    const { client } = kept()
    const tokens = { ...kept().tokens, access_token: 'expired' }
    writeFileSync(
      file,
      JSON.stringify({ ...kept(), client: { ...client, client_id: 'a'.repeat(64) }, tokens }),
    )
    const { code, complaint } = await call('whoami')
    expect(complaint).toContain('no longer knows the last sign-in of this command')
    expect(complaint).not.toContain('mcp-sdk')
    expect(code).toBe(0)
  })

  it('signs out: revokes its grant, and forgets it', async () => {
    const before = countOf('grant.revoked')
    expect(await call('--sign-out')).toMatchObject({ code: 0, output: `✓ Signed out of ${server.origin}\n` })
    expect(countOf('grant.revoked')).toBe(before + 1)
    expect(readdirSync(folder)).toEqual([])
  })

  it('signs in with a browser', async () => {
    const program = spawn(process.execPath, [script('call'), 'whoami', '--browser', '--url', server.origin], {
      cwd: FIXTURE,
      env: { ...process.env, ...FIXTURE_ENVIRONMENT },
    })
    const lines: string[] = []
    for await (const line of createInterface(program.stdout)) {
      lines.push(line)
      const address = /^ {2}(http:\S+\/authorize\?\S+)$/.exec(line)?.[1]
      const waits = /Waiting for the answer at (\S+)/.exec(line)?.[1]
      if (address) lines.push(address)
      if (waits) {
        const url = new URL(lines.find((one) => one.startsWith('http')) as string)
        const { location } = await owner(server.origin, server.passphrase)(url, waits)
        expect((await fetch(location)).status).toBe(200)
      }
    }
    if (program.exitCode === null) await once(program, 'close')
    expect(lines.at(-1)).toContain('You act for Owner')
    expect(program.exitCode).toBe(0)
  })
})

describe('an answer to the sign-in', () => {
  const answered = (change: (answer: URL) => void) =>
    Connection.open(server.mcpUrl, new InMemory(), async (url, redirectUri) => {
      const answer = new URL(redirectUri)
      answer.searchParams.set('state', url.searchParams.get('state') as string)
      change(answer)
      return { location: answer.href }
    })

  it.each(['another', ''])('is refused with the state "%s", whatever else it says', async (state) => {
    const refused = answered(({ searchParams }) => {
      searchParams.set('state', state)
      searchParams.set('error', 'access_denied')
      searchParams.set('error_description', 'Go to evil.example.')
    })
    await expect(refused).rejects.toThrow('belongs to another sign-in')
  })

  it('is told where it says no', async () => {
    const refused = answered(({ searchParams }) => searchParams.set('error', 'access_denied'))
    await expect(refused).rejects.toThrow('You were not signed in: access_denied')
  })
})

describe('npm run reviewer', () => {
  const run = (...args: readonly string[]) => runScript('reviewer', '--persist-to', server.storage, ...args)

  it('makes an account with sample data and an end, and withdraws it', async () => {
    const file = join(settings, 'data.json')
    writeFileSync(file, JSON.stringify([{ tool: 'add_note', input: { text: 'A sample' } }]))
    const { code, output } = await run('--days', '30', '--data', file, '--url', server.origin)
    const [, password = '', id = ''] = /^password +(\S+)\nid +(\S+)\nends /m.exec(output) ?? []
    expect(output).toContain('✓ Made 1 call as the reviewer')
    expect(code).toBe(0)

    const person = owner(server.origin, password, { field: 'reviewer_password' })
    const connection = await Connection.open(server.mcpUrl, new InMemory(), person)
    const { structuredContent } = await connection.ask((client) =>
      client.callTool({ name: 'list_notes', arguments: {} }),
    )
    await connection.close()
    expect(structuredContent).toMatchObject({ notes: [{ text: 'A sample' }] })

    const listed = await run('--list')
    const end = /^ends +(\S+)$/m.exec(listed.output)?.[1] as string
    expect(Math.round((Date.parse(end) - Date.now()) / 86_400_000)).toBe(30)
    expect(listed.output).toContain(id)
    expect(listed.output).not.toContain(password)
    expect(await run('--withdraw', id)).toMatchObject({ code: 0 })
    expect(await run('--list')).toMatchObject({ output: expect.stringContaining('There is no reviewer') })
    expect(await run('--withdraw', id)).toMatchObject({ code: 1 })
  })

  it('refuses wrong data before it makes an account', async () => {
    const file = join(settings, 'wrong.json')
    writeFileSync(file, '[{"tool":"add_note"}]')
    const { code, complaint } = await run('--data', file, '--url', server.origin)
    expect(complaint).toContain('is no list of calls')
    expect(code).toBe(1)
    expect(await run('--list')).toMatchObject({ output: expect.stringContaining('There is no reviewer') })
  })
})

describe('npm run dev', () => {
  it('says only why it cannot start', async () => {
    const { code, output, complaint } = await runScript('dev', '--port', 'none')
    expect(complaint).toContain('ERROR')
    expect(output).not.toContain('env.')
    expect(code).toBe(1)
  })
})
