// Puts every login method on the list of the Worker that the pictures show. worker.mjs imports it first.
// Not TypeScript: the types of test/ are those of the fixture, and the pictures show the server of src/.
import { github } from '#engine/login/github.ts'
import { guest } from '#engine/login/guest.tsx'
import { oidc } from '#engine/login/oidc.ts'
import { passkey } from '#engine/login/passkey/passkey.tsx'
import { login } from '../../src/login.ts'

const google = oidc({ id: 'google', name: 'Google', issuer: 'https://accounts.google.com', emailDomains: [] })
for (const method of [passkey, github, google, guest]) if (!login.includes(method)) login.push(method)
