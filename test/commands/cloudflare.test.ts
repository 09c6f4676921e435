import { expect, it } from 'vitest'
import { apiBase } from '../../scripts/deployment/cloudflare.ts'

it.each([
  [{}, 'https://api.cloudflare.com/client/v4'],
  [{ CLOUDFLARE_COMPLIANCE_REGION: 'public' }, 'https://api.cloudflare.com/client/v4'],
  [{ CLOUDFLARE_COMPLIANCE_REGION: 'fedramp_high' }, 'https://api.fed.cloudflare.com/client/v4'],
  [
    { CLOUDFLARE_API_BASE_URL: 'http://127.0.0.1:1/v4', CLOUDFLARE_COMPLIANCE_REGION: 'fedramp_high' },
    'http://127.0.0.1:1/v4',
  ],
])('Cloudflare’s API with %j is at %s', (environment, base) => {
  expect(apiBase(environment)).toBe(base)
})
