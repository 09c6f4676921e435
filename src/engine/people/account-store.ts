// The way to a user's account object.
import { inJurisdiction } from '../settings/jurisdiction.ts'
import type { AccountObject } from './account-object.ts'

export function accountOf(env: Env, userId: string): DurableObjectStub<AccountObject> {
  return inJurisdiction(env, env.ACCOUNTS).getByName(userId)
}
