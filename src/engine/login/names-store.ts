// What a name in a rule means. A GitHub user can give up a name, and another user can take it. So a rule with a name
// means the user who had it when it was first used here.
import { logError } from '../log/log.ts'
import { LoginUnavailable } from './refused.ts'

/** Whether `rule` means the one with this id, now and ever since. @throws LoginUnavailable */
export async function isFirstHolder(env: Env, rule: string, id: string): Promise<boolean> {
  return orLoginUnavailable(async () => {
    const known = await env.RECORDS.get(keyOf(rule))
    if (known === null) await env.RECORDS.put(keyOf(rule), id)
    return known === null || known === id
  })
}

/** Whether it has meant the one with this id before, who may have another name by now. @throws LoginUnavailable */
export async function isKnownHolder(env: Env, rule: string, id: string): Promise<boolean> {
  return orLoginUnavailable(async () => (await env.RECORDS.get(keyOf(rule))) === id)
}

function keyOf(rule: string): string {
  return `name:${rule}`
}

async function orLoginUnavailable<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    logError(error)
    throw new LoginUnavailable('Who you are here could not be looked up just now. Please try again.')
  }
}
