// Who may sign in, and how: one line per login method. Write your own after the model of passphrase.tsx.
import type { LoginMethod } from './method.ts'
import { passphrase } from './passphrase.tsx'

export const loginMethods: readonly LoginMethod[] = [passphrase]
