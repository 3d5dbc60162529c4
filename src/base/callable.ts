// Objects of a class that can be called (modules, transforms): functions whose prototype is the class.

/** What a call does, given the object and the state it was made with. */
export type Invoke<State> = (self: never, state: State, args: readonly unknown[]) => unknown;

/**
 * Base constructor that returns a function in place of the new object, so that `model(x)` works and fields, methods,
 * private names and `instanceof` do too. A Proxy would cost three times as much a call. The state is handed to the call
 * rather than looked up: deleting properties makes lookups on the function slow.
 */
function CallableObject<State>(this: object, invoke: Invoke<State>, state: State): object {
  const callable = ((...args: unknown[]) => invoke(callable as never, state, args)) as object;
  // A function's own `name` and `length` would hide fields of these names.
  delete (callable as { name?: unknown }).name;
  delete (callable as { length?: unknown }).length;
  return Object.setPrototypeOf(callable, (new.target as unknown as { prototype: object }).prototype);
}

export const Callable = CallableObject as unknown as new <State>(invoke: Invoke<State>, state: State) => object;
