// What a name in a rule means. GitHub's names can be given up and taken by somebody else, so a rule that was written
// with a name means the one who had it when it was first used here.
import { logError } from '../log/log.ts'
import { LoginUnavailable } from './refused.ts'

/** Whether `rule` means the one with this id, now and ever since. @throws LoginUnavailable */
export async function isFirstHolder(env: Env, rule: string, id: string): Promise<boolean> {
  const key = `name:${rule}`
  try {
    const known = await env.RECORDS.get(key)
    if (known === null) await env.RECORDS.put(key, id)
    return known === null || known === id
  } catch (error) {
    logError(error)
    throw new LoginUnavailable('Who you are here could not be looked up just now. Please try again.')
  }
}
