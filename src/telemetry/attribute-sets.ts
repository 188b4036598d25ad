type Label = string | boolean | undefined;
export type AttributeSet = Readonly<Record<string, string | boolean>>;

interface Node {
  readonly children: Map<Label, Node>;
  set: AttributeSet | undefined;
}

/** The SDK's own default limit of series an instrument (OpenTelemetry metrics SDK, cardinality limits). */
const MAX_KEPT = 2_000;

/**
 * The attribute objects of one instrument: the same frozen object for the same labels, found without building a key.
 * Beyond `maxKept` combinations a set is built anew each time, so that memory stays bounded.
 */
export class AttributeSets {
  readonly #fixed: AttributeSet;
  readonly #names: readonly string[];
  readonly #maxKept: number;
  readonly #root: Node = { children: new Map(), set: undefined };
  #kept = 0;

  /** `fixed` is in every set; `names` are the labels whose values `of` takes, in this order. */
  constructor(fixed: AttributeSet, names: readonly string[], maxKept: number = MAX_KEPT) {
    this.#fixed = fixed;
    this.#names = names;
    this.#maxKept = maxKept;
  }

  /** The set for these values; an undefined one is left out. */
  of(...values: readonly Label[]): AttributeSet {
    let node = this.#root;
    for (const value of values) {
      const child = node.children.get(value);
      if (child === undefined) return this.#make(values);
      node = child;
    }
    return (node.set ??= this.#build(values));
  }

  #make(values: readonly Label[]): AttributeSet {
    const set = this.#build(values);
    if (this.#kept >= this.#maxKept) return set;
    this.#kept += 1;
    let node = this.#root;
    for (const value of values) {
      let child = node.children.get(value);
      if (child === undefined) {
        child = { children: new Map(), set: undefined };
        node.children.set(value, child);
      }
      node = child;
    }
    node.set = set;
    return set;
  }

  #build(values: readonly Label[]): AttributeSet {
    const set: Record<string, string | boolean> = { ...this.#fixed };
    values.forEach((value, position) => {
      const name = this.#names[position];
      if (value !== undefined && name !== undefined) set[name] = value;
    });
    return Object.freeze(set);
  }
}
