// How often one user may call something: counted in the account object of the user, so that no other app, session or
// token has a count of its own. What declares no limit asks no storage.
import { log } from '../log/log.ts'
import { accountOf } from '../people/account-store.ts'
import type { Allowance, UsedUp } from '../people/call-counts.ts'
import { type Caller, type Definition, type Named, type Stranger, ToolError } from './handler.ts'

/**
 * A handler that counts its call before it runs, where the definition limits calls.
 * @throws ToolError from the handler: the limit is reached. Its text tells the model when to come back.
 */
export function limited<Result>(
  what: Named,
  { limit, quota }: Pick<Definition<undefined>, 'limit' | 'quota'>,
  caller: Caller | Stranger,
  handler: () => Result | Promise<Result>,
): () => Result | Promise<Result> {
  const allowances = [limit, quota].filter((one) => one !== undefined)
  if (allowances.length === 0) return handler
  return async () => {
    await spend(what, allowances, caller)
    return handler()
  }
}

async function spend(
  what: Named,
  allowances: readonly Allowance[],
  caller: Caller | Stranger,
): Promise<void> {
  // Types keep a limit from what is public.
  if (!('user' in caller)) throw new Error('Only a user has a count.')
  const { env, user, client } = caller
  const name = Object.entries(what).flat().join(' ')
  const usedUp = await accountOf(env, user.id).spendCall(name, allowances)
  if (!usedUp) return
  log('call.limited', { user: user.id, client: client.id, ...what, reason: `per_${usedUp.per}` })
  throw new ToolError(describe(name, usedUp))
}

function describe(name: string, { calls, per, until }: UsedUp): string {
  const seconds = Math.max(1, Math.ceil((until - Date.now()) / 1000))
  const time = new Date(until).toISOString().replace('.000', '')
  const most = calls === 1 ? '1 call' : `${calls} calls`
  return `The ${name} takes at most ${most} per ${per} from each user. Try again in ${seconds} seconds, at ${time}.`
}
