// This Worker whole, with its Durable Objects as far away as the bench says, and their calls counted.
import app from '../../test/fixture/src/index.ts'

export * from '../../test/fixture/src/index.ts'

let latency = 0
let calls = 0
let distant: Env | undefined

export default {
  async fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname === '/bench/latency') {
      latency = Number(searchParams.get('ms'))
      return new Response()
    }
    if (pathname === '/bench/calls') {
      const taken = calls
      calls = 0
      return Response.json(taken)
    }
    distant ??= { ...env, ...distantNamespaces(env) }
    return app.fetch(request, distant, ctx)
  },
}

function distantNamespaces(env: Env) {
  const near = Object.entries(env).filter(([, one]) => one?.constructor?.name === 'DurableObjectNamespace')
  return Object.fromEntries(near.map(([name, one]) => [name, distantNamespace(one as object)]))
}

function distantNamespace(namespace: object): object {
  return new Proxy(namespace, {
    get(target, name) {
      const method = Reflect.get(target, name) as (...args: unknown[]) => object
      const opens = name === 'get' || name === 'getByName'
      return (...args: unknown[]) => {
        const result = method.apply(target, args)
        return opens ? distantStub(result) : result
      }
    },
  })
}

// What a stub gives for a name is no function with methods of its own: it can only be called.
function distantStub(stub: object): object {
  return new Proxy(stub as Record<string | symbol, (...args: unknown[]) => unknown>, {
    get:
      (target, name) =>
      async (...args: unknown[]) => {
        calls++
        if (latency > 0) await scheduler.wait(latency)
        return target[name]?.(...args)
      },
  })
}
