/**
 * Variables that nobody set: Kubernetes gives them to every container of a namespace that has a service called `ai-cache…`
 * ("Discovering services"), container links to every container linked as `ai-cache…` (Docker, "Legacy container links").
 */
const INJECTED_NAMES = [
  /_SERVICE_HOST$/,
  /_SERVICE_PORT(_|$)/,
  /_PORT$/,
  /_PORT_\d+_(TCP|UDP|SCTP)(_|$)/,
  /^AI_CACHE_(.+_)?ENV_/,
];

/** A link's name, such as `/web/ai-cache`, in a variable `…_NAME`; an option's value never looks like that. */
const LINK_NAME = /^\/[^/]+\/[^/]+$/;

/** Was it set by the platform rather than by a person? */
export function isInjected(name: string, value: string): boolean {
  if (name.endsWith('_NAME') && LINK_NAME.test(value)) return true;
  return INJECTED_NAMES.some((pattern) => pattern.test(name));
}
