"""A client of `ganger mcp`, made of the official SDK: `mcp_client.py STEPS COMMAND…`.

STEPS is a JSON list; each step is ["tools"], ["call", NAME, ARGUMENTS], ["resources"], ["read", URI] or ["heard", EVENT], which
waits for a notification. Prints the answer of each as a line of JSON.
"""

import asyncio
import json
import os
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client


async def main():
    steps, (program, *arguments) = json.loads(sys.argv[1]), sys.argv[2:]
    heard = asyncio.Queue()

    async def hear(params):
        await heard.put(params.data)

    async def until(event):
        while True:
            data = await heard.get()
            if data["event"] == event:
                return data

    server = StdioServerParameters(command=program, args=arguments, env=dict(os.environ))
    async with stdio_client(server) as (read, write), ClientSession(read, write, logging_callback=hear) as session:
        await session.initialize()
        for kind, *rest in steps:
            if kind == "tools":
                answer = [tool.name for tool in (await session.list_tools()).tools]
            elif kind == "call":
                answer = (await session.call_tool(*rest)).model_dump(mode="json", by_alias=True)
            elif kind == "resources":
                answer = [str(resource.uri) for resource in (await session.list_resources()).resources]
            elif kind == "read":
                answer = json.loads((await session.read_resource(*rest)).contents[0].text)
            elif kind == "heard":
                answer = await until(*rest)
            print(json.dumps(answer), flush=True)


asyncio.run(main())
