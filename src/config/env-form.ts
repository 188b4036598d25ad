/** How a variable's text becomes an option's value. Text that cannot be read stays text, so that the schema refuses it. */
export interface EnvForm {
  /** Where the name is not the option's path in upper snake case. */
  readonly name?: string;
  /** What is allowed, where it differs from what the option allows. */
  readonly allowed?: string;
  /** Turns a group of options off: it is the group's `false`. */
  readonly isSwitch?: true;
  read(text: string): unknown;
}

export const asText: EnvForm = { read: (text) => text };

export const asNumber: EnvForm = {
  read: (text) => (/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text),
};

/** `true` and `false` in any case; other words stay. */
export const asFlag: EnvForm = { allowed: 'true or false', read: readFlag };

export const asSwitch: EnvForm = { ...asFlag, isSwitch: true };

export const asList: EnvForm = { read: (text) => text.split(',').map((item) => item.trim()) };

/** A JSON object, or `name=value` with commas between them; a value that is a number counts as one. */
export const asRecord: EnvForm = {
  read(text) {
    if (text.startsWith('{')) return readJson(text);
    const pairs = text.split(',').map((pair) => pair.split('=').map((part) => part.trim()));
    if (!pairs.every((pair) => pair.length === 2)) return text;
    return Object.fromEntries(pairs.map(([name = '', value = '']) => [name, asNumber.read(value)]));
  },
};

/** A JSON object, or three numbers in ascending order. */
export const asTextSizeTiers: EnvForm = {
  allowed:
    'three ascending whole numbers such as 500,5000,50000, or a JSON object such as {"small":500,"medium":5000,"large":50000}',
  read(text) {
    if (text.startsWith('{')) return readJson(text);
    const [small, medium, large, ...more] = text.split(',').map((item) => asNumber.read(item.trim()));
    return large === undefined || more.length > 0 ? text : { small, medium, large };
  },
};

function readFlag(text: string): unknown {
  const word = text.toLowerCase();
  return word === 'true' || word === 'false' ? word === 'true' : text;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
