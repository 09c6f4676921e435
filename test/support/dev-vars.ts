// Before any server starts: the secrets that all of them share in this folder are made once.
import { completeDevVars } from '../../scripts/setup.ts'

export async function setup(): Promise<void> {
  await completeDevVars()
}
