// What the commands say of a server that is ready.
import { NAME } from '#config'

/** The command that connects Claude Code. @param url of the MCP endpoint */
export function connectClaude(url: string): string {
  return `claude mcp add --transport http ${NAME.toLowerCase().replace(/[^a-z0-9]+/g, '-')} ${url}`
}
