// What `npm run call` shows of an answer. A server wrote it, so nothing of it may move the cursor.
import type {
  CallToolResult,
  GetPromptResult,
  Prompt,
  ReadResourceResult,
  Resource,
  ResourceTemplateType,
  Tool,
} from '@modelcontextprotocol/client'
import { printable } from '../printable.ts'

interface Offers {
  readonly tools: readonly Tool[]
  readonly resources: readonly Resource[]
  readonly resourceTemplates: readonly ResourceTemplateType[]
  readonly prompts: readonly Prompt[]
}

type Content = CallToolResult['content'][number] | ReadResourceResult['contents'][number]

export function printOffers({ tools, resources, resourceTemplates, prompts }: Offers): void {
  section(
    'Tools',
    tools.map((tool) => [tool.name, tool.title, inputOf(tool)]),
  )
  section('Resources', [
    ...resources.map(({ uri, title, name }) => [uri, title ?? name]),
    ...resourceTemplates.map(({ uriTemplate, title, name }) => [uriTemplate, title ?? name]),
  ])
  section(
    'Prompts',
    prompts.map(({ name, title, arguments: fields = [] }) => [
      name,
      title,
      fields.map((field) => (field.required ? field.name : `${field.name}?`)).join(', '),
    ]),
  )
}

/** Texts as they are; of everything else its kind. */
export function printContents(contents: readonly Content[]): void {
  for (const one of contents) say(textOf(one))
}

export function printPrompt({ messages }: GetPromptResult): void {
  for (const { role, content } of messages) say(`${role}: ${textOf(content)}`)
}

function textOf(content: Content): string {
  if ('text' in content) return content.text
  if ('resource' in content) return textOf(content.resource)
  const { mimeType = 'unknown type' } = content
  return `(${'type' in content ? content.type : 'data'}, ${mimeType})`
}

function inputOf({ inputSchema: { properties = {}, required = [] } }: Tool): string {
  return Object.keys(properties)
    .map((name) => (required.includes(name) ? name : `${name}?`))
    .join(', ')
}

function section(title: string, rows: readonly (readonly (string | undefined)[])[]): void {
  if (rows.length === 0) return
  const width = Math.max(...rows.map(([first = '']) => first.length))
  say(title)
  for (const [first = '', second = '', third = ''] of rows) {
    say(`  ${first.padEnd(width)}  ${second}${third && ` (${third})`}`)
  }
}

function say(text: string): void {
  console.log(printable(text))
}
