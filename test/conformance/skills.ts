// One skill, with a folder of its own, served by the SDK's extension.
import { memorySkillFiles, SkillsExtension } from '@modelcontextprotocol/server/ext/skills'
import { answerResources, type Resource } from '#engine/mcp/define-resource.ts'

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

const listed = {
  uri: 'skill://read-notes/SKILL.md',
  name: 'read-notes',
  title: 'read-notes',
  description: 'A fixture of the conformance suite.',
}

export const skills: Resource = {
  name: 'skills',
  uri: 'skill://',
  answer: answerResources,
  matches: (uri) => uri.startsWith('skill://'),
  list: async () => [listed],
  register: (server) => catalog.attach(server),
}
