/** A method as it was before it was patched, bound to its object. */
export type Original = (...args: unknown[]) => unknown;

/** What a patched method does. */
export type Behaviour = (original: Original, args: unknown[]) => unknown;

export interface Patch {
  readonly original: Original;
  /** Puts the method back; where somebody else has patched it since, `behaviour` stays and must let calls through. */
  undo(): void;
}

/** Puts a behaviour in front of a method of this one object. */
export function patchMethod(target: object, name: string, behaviour: Behaviour): Patch {
  const methods = target as Record<string, Original>;
  const before = methods[name] as Original;
  const original: Original = (...args) => Reflect.apply(before, target, args);
  const patched: Original = (...args) => behaviour(original, args);
  methods[name] = patched;
  const undo = (): void => {
    // Set, not deleted: V8 makes a hash table of an object that loses a member, and all that is done with it later takes longer.
    if (methods[name] === patched) methods[name] = before;
  };
  return { original, undo };
}
