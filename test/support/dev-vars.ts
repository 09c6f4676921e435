// Before any server starts: the secrets that all of them share in this folder are made once.
import { completeDevVars } from '../../scripts/setup.ts'
import { FIXTURE } from './fixture.ts'

export async function setup(): Promise<void> {
  await completeDevVars(FIXTURE)
}
