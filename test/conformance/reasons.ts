/** Why a required test of the suite does not pass, by its id. */
export const REASONS: Readonly<Record<string, string>> = {};
