// The messages of a socket as the stream that a 2025-era client reads (MCP 2025-11-25 transports, "Listening for
// Messages from the Server").
const KEEP_ALIVE_MS = 25_000

export function eventStream(socket: WebSocket): Response {
  const encoder = new TextEncoder()
  let timer: ReturnType<typeof setInterval> | undefined
  let cut = false
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      const write = (text: string) => controller.enqueue(encoder.encode(text))
      socket.addEventListener('message', ({ data }) => write(`event: message\ndata: ${data}\n\n`))
      socket.addEventListener('close', () => {
        clearInterval(timer)
        if (!cut) controller.close()
      })
      // Proxies cut what is silent for long.
      timer = setInterval(() => write(': keep-alive\n\n'), KEEP_ALIVE_MS)
      socket.accept()
    },
    cancel() {
      cut = true
      clearInterval(timer)
      socket.close(1000)
    },
  })
  return new Response(stream, {
    headers: { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' },
  })
}
