// Redirect URIs with an app's own scheme: those that config.ts knows, and those that a deployment adds.
import * as z from 'zod'
import { APP_REDIRECT_URIS } from '#config'
import { readTables } from './setting.ts'

// RFC 8252 §7.1. Dangerous schemes have a check of their own, which no list opens (clients/redirect-uri.ts).
const appRedirectUri = z
  .string()
  .regex(/^(?!https?:)[a-z][a-z0-9+.-]*:\/[\x21-\x5b\x5d-\x7e]*$/, "must be a URI with an app's own scheme")
  .refine((uri) => URL.canParse(uri) && !uri.includes('#'), "must be a URI with an app's own scheme")

/** @throws SettingsError */
export function readAppRedirectUris(env: Env): readonly string[] {
  return [...APP_REDIRECT_URIS, ...readTables('APP_REDIRECT_URIS', env, appRedirectUri)]
}
