// Where Cloudflare keeps the Durable Objects and runs them: anywhere, or in the jurisdiction that JURISDICTION names.
import { SettingsError } from './setting.ts'

const JURISDICTIONS = ['eu', 'fedramp', 'fedramp-high'] as const

/** @throws SettingsError */
export function readJurisdiction(value: string | undefined): DurableObjectJurisdiction | undefined {
  if (!value) return undefined
  const known = JURISDICTIONS.find((one) => one === value)
  if (known) return known
  throw new SettingsError(`JURISDICTION must be empty or one of these: ${JURISDICTIONS.join(', ')}.`)
}

/**
 * The namespace, as far as it is in the jurisdiction of this deployment. Take every object from it, those of your tools too.
 * @throws SettingsError
 */
export function inJurisdiction<T extends Rpc.DurableObjectBranded | undefined>(
  { JURISDICTION }: Pick<Env, 'JURISDICTION'>,
  namespace: DurableObjectNamespace<T>,
): DurableObjectNamespace<T> {
  const jurisdiction = readJurisdiction(JURISDICTION)
  return jurisdiction ? namespace.jurisdiction(jurisdiction) : namespace
}
