// What `npm run agents` knows of a client. Each file in clients/ is one.
import type { Place } from './place.ts'

/**
 * How a client comes to a scope that a tool needs and that it did not ask for at first:
 * - `asks again`: the server refuses the call, and the client asks the user by itself
 * - `took all`: it asked for every scope when it connected
 * - `if ticked`: it cannot ask again; the user ticks the scope on the consent page
 */
export type Writing = 'asks again' | 'took all' | 'if ticked'

export interface Agent {
  readonly name: string
  /** The npm package whose version is reported. */
  readonly package: string
  readonly writes: Writing
  /** Connects with nothing kept from before. The user signs in and allows. */
  readonly connect: (place: Place) => Promise<Connection>
}

export interface Connection {
  /** Calls a tool. Returns what the client, or the model that it works for, received. @throws for a refusal */
  readonly call: (tool: string, args?: Readonly<Record<string, unknown>>) => Promise<string>
  readonly close?: () => unknown
}
