// One skill, with a folder of its own, served by the SDK's extension.
import { memorySkillFiles, SkillsExtension } from '@modelcontextprotocol/server/ext/skills'
import type { Tool } from '#engine/mcp/define-tool.ts'

const SKILL = `---
name: read-notes
description: A fixture of the conformance suite.
---

Read references/example.md first.
`

const catalog = await SkillsExtension.load(
  memorySkillFiles({
    'read-notes/SKILL.md': SKILL,
    'read-notes/references/example.md': 'A note is a title and a text.\n',
  }),
  { strict: true },
)

export const skills: Tool = {
  name: 'skills',
  register: (server) => catalog.attach(server),
}
