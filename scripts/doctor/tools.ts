// The tools of a server: which need what, and which can be called without a question.
import { NotChecked } from './examine.ts'
import type { Json, Play } from './play.ts'
import { granted } from './tokens.ts'

/** A tool that only reads, needs no argument, and is within what was granted. */
export function harmless(play: Play): string {
  const tool = play.tools.find(
    (one) =>
      ((one.annotations ?? {}) as Json).readOnlyHint === true &&
      required(one).length === 0 &&
      scopesOf(one).every((scope) => granted(play).includes(scope)),
  )
  if (!tool) throw new NotChecked('No tool says that it only reads (readOnlyHint) and takes no argument.')
  return String(tool.name)
}

/** A tool beyond what was granted. Without the argument that it needs, a server that forgot to look does nothing either. */
export function forbidden(play: Play): { name: string; scopes: readonly string[] } {
  for (const tool of play.tools) {
    const scopes = scopesOf(tool).filter((scope) => !granted(play).includes(scope))
    if (scopes.length > 0 && required(tool).length > 0) return { name: String(tool.name), scopes }
  }
  throw new NotChecked(
    'No tool says (securitySchemes) that it needs a scope which was not granted, and takes an argument.',
  )
}

function required({ inputSchema }: Json): readonly unknown[] {
  const { required } = (inputSchema ?? {}) as Json
  return Array.isArray(required) ? required : []
}

export function schemesOf(tool: Json): readonly Json[] {
  const schemes = tool.securitySchemes ?? ((tool._meta ?? {}) as Json).securitySchemes
  return Array.isArray(schemes) ? schemes : []
}

function scopesOf(tool: Json): string[] {
  return schemesOf(tool).flatMap(({ scopes }) => (Array.isArray(scopes) ? scopes.map(String) : []))
}
