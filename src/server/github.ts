// A tool that acts for its user at GitHub, with the token of their sign-in there. To use it, add `github` to the list
// in src/login.ts and this tool to the list in index.ts.
import * as z from 'zod'
import { answer, defineTool, ToolError } from '#engine/mcp/define-tool.ts'

const repository = z.object({
  full_name: z.string(),
  description: z.string().nullable(),
  html_url: z.string(),
})

export const listRepositories = defineTool({
  name: 'list_repositories',
  title: 'List repositories',
  description: 'Lists the public GitHub repositories of the user, the last changed first.',
  input: z.object({ limit: z.number().int().min(1).max(100).default(20).describe('How many at most') }),
  output: z.object({ repositories: z.array(repository) }),
  // Public data needs no scope. `repo` would add private repositories, and the right to change all of them.
  upstream: { github: [] },
  annotations: { readOnlyHint: true, destructiveHint: false, openWorldHint: true },
  handler: async ({ limit }, { upstream }) => {
    const github = upstream('github')
    const response = await github(`/user/repos?visibility=public&sort=updated&per_page=${limit}`)
    if (!response.ok) throw new ToolError(`GitHub answered ${response.status}.`)
    const repositories = z.array(repository).parse(await response.json())
    const lines = repositories.map(({ full_name, description }) => `${full_name}: ${description ?? ''}`)
    return answer(lines.join('\n') || 'There are no public repositories.', { repositories })
  },
})
