// What a fork says about its server, in `SERVER` of src/config.ts: for apps, for users, and for directories of servers.

/** A public page. */
export type PageAddress = `https://${string}`

/** An image that apps show beside the title (MCP 2026-07-28, `Icon`). */
export interface Icon {
  readonly src: PageAddress | `data:${string}`
  readonly mimeType?: string
  /** Such as `48x48`, or `any` for an SVG. */
  readonly sizes?: string[]
  /** The background for which it is made. */
  readonly theme?: 'light' | 'dark'
}

/** Leave out what there is none of. */
export interface ServerDescription {
  /** The name that apps and directories show. */
  readonly title: string
  /** What the server is for, in one sentence. The MCP registry takes at most 100 characters. */
  readonly description?: string
  /** What a model should know before it uses the server, such as which tool to call first. */
  readonly instructions?: string
  /** A page about the server, for people. */
  readonly websiteUrl?: PageAddress
  /** Without any: the logo of src/theme.ts. */
  readonly icons?: readonly Icon[]
  /** The privacy policy. */
  readonly privacy?: PageAddress
  /** The terms of service. */
  readonly terms?: PageAddress
  /** Where users get help. */
  readonly support?: PageAddress | `mailto:${string}`
}
