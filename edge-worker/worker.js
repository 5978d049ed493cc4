// The module that the runtime starts: hands the engine its compiled code, passes requests on, and
// gives the worker a fresh engine after a panic.
//
// A panic ends in a trap, often in a microtask that no request waits for. So the panic hook, which
// runs before it, fails every request in flight (they share the broken memory), and the next request
// starts on a new instance of the same compiled module: a matter of a millisecond, with empty caches.
import module from "./engine_bg.wasm";
import * as engine from "./engine.js";

const inFlight = new Set();
let broken = false;

function breakDown(reason) {
  broken = true;
  for (const fail of inFlight) fail(reason);
}

// The hook says so by setting a property of this object.
Object.defineProperty(globalThis.__worker_init_state, "criticalError", {
  get: () => broken,
  set: (value) => value && breakDown(new Error("panic")),
});

// Out of memory and stack overflow trap without the hook.
addEventListener("unhandledrejection", (event) => {
  if (event.reason instanceof WebAssembly.RuntimeError) breakDown(event.reason);
});

engine.initSync({ module });

export default {
  async fetch(request, env, context) {
    if (broken) {
      engine.__wbg_reset_state();
      broken = false;
    }
    let fail;
    const failed = new Promise((_, reject) => (fail = reject));
    inFlight.add(fail);
    try {
      return await Promise.race([engine.fetch(request, env, context), failed]);
    } catch (error) {
      console.error(`the engine stopped: ${error}`);
      broken ||= error instanceof WebAssembly.RuntimeError;
      return Response.json({ error: "the engine stopped; please ask again" }, { status: 500 });
    } finally {
      inFlight.delete(fail);
    }
  },
};
