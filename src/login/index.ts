// Who may sign in, and how: one line per login method. docs/login.md: each of them, and writing your own.
import type { LoginMethod } from './method.ts'
import { passphrase } from './passphrase.tsx'

export const loginMethods: readonly LoginMethod[] = [passphrase]
