// Tools that answer in one round: every kind of content, an error, progress, log messages.
import type { CallToolResult } from '@modelcontextprotocol/server'
import * as z from 'zod'
import {
  defineTool,
  type Tool,
  type ToolContext,
  ToolError,
  type ToolResult,
} from '#engine/mcp/define-tool.ts'
import { PNG, WAV } from './media.ts'

type Content = CallToolResult['content'][number]

const image: Content = { type: 'image', data: PNG, mimeType: 'image/png' }

export const contentTools: readonly Tool[] = [
  tool('test_simple_text', () => 'This is a simple text response for testing.'),
  tool('test_image_content', () => ({ content: [image] })),
  tool('test_audio_content', () => ({ content: [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }] })),
  tool('test_embedded_resource', () => ({
    content: [embedded('test://embedded-resource', 'text/plain', 'This is an embedded resource content.')],
  })),
  tool('test_multiple_content_types', () => ({
    content: [
      { type: 'text', text: 'Multiple content types test:' },
      image,
      embedded('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'),
    ],
  })),
  tool('test_error_handling', () => {
    throw new ToolError('This tool intentionally returns an error for testing')
  }),
  tool('test_tool_with_progress', async ({ mcp }) => {
    const progressToken = mcp.mcpReq._meta?.progressToken
    for (const progress of [0, 50, 100]) {
      if (progress > 0) await scheduler.wait(50)
      if (progressToken === undefined) continue
      const params = { progressToken, progress, total: 100 }
      await mcp.mcpReq.notify({ method: 'notifications/progress', params })
    }
    return 'The tool is done.'
  }),
  tool('test_tool_with_logging', async ({ mcp }) => {
    for (const [index, message] of ['started', 'processing data', 'completed'].entries()) {
      if (index > 0) await scheduler.wait(50)
      await mcp.mcpReq.log('info', `Tool execution ${message}`)
    }
    return 'The tool has logged.'
  }),
  tool('test_logging_tool', async ({ mcp }) => {
    await mcp.mcpReq.log('info', 'Only for a client that asked for log messages')
    return 'The tool has logged, if it was asked to.'
  }),
]

function tool(name: string, handler: (context: ToolContext) => ToolResult | Promise<ToolResult>): Tool {
  const description = 'A fixture of the conformance suite.'
  const input = z.object({})
  const annotations = { readOnlyHint: true, destructiveHint: false, openWorldHint: false }
  return defineTool({
    name,
    title: name,
    description,
    input,
    annotations,
    handler: (_input, context) => handler(context),
  })
}

function embedded(uri: string, mimeType: string, text: string): Content {
  return { type: 'resource', resource: { uri, mimeType, text } }
}
