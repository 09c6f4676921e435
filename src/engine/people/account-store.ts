// The way to a user's account object.
import type { AccountObject } from './account-object.ts'

export function accountOf(env: Env, userId: string): DurableObjectStub<AccountObject> {
  return env.ACCOUNTS.getByName(userId)
}
