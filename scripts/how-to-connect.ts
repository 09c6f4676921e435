// What the commands say of a server that is ready.
import { NAME } from '#config'
import { shortName } from '#engine/pages/short-name.ts'

/** The command that connects Claude Code. @param url of the MCP endpoint */
export function connectClaude(url: string): string {
  return `claude mcp add --transport http ${shortName(NAME)} ${url}`
}
