// Access tokens that expire while a program looks on, so that each client shows how it refreshes.
import { env } from 'cloudflare:workers'
import { LIFETIME } from '#config'

Object.assign(LIFETIME, { accessToken: Number((env as unknown as Record<string, string>).TOKEN_SECONDS) })
