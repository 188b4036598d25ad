import { describe, expect, it } from 'vitest';
import { expressVersions } from '../../support/express.ts';
import { rulesSite } from './rules-site.ts';

describe.each(expressVersions)('an answer on $name', ({ express }) => {
  it.each([
    [200, true, true],
    [204, true, true],
    [299, true, true],
    [301, true, true],
    [307, true, true],
    [206, false, false],
    [304, false, false],
    [404, false, true],
    [410, false, true],
    [428, false, false],
    [429, false, false],
    [431, false, false],
    [500, false, true],
    [511, false, false],
    [503, false, true],
  ])(
    'with the status %i and a lifetime is stored by default: %s, with storeErrors: %s',
    async (status, usually, wanted) => {
      const answer = (storeErrors: boolean) =>
        rulesSite(
          express,
          (_req, res) => void res.status(status).set('Cache-Control', 'max-age=10').end(),
          storeErrors ? { storeErrors } : {},
        );
      const [plain, storing] = [await answer(false), await answer(true)];
      const answers = [...(await plain.askInTurn({}, {})), ...(await storing.askInTurn({}, {}))];
      expect(answers.map((one) => one.status)).toEqual([status, status, status, status]);
      expect([plain.runs === 1, storing.runs === 1]).toEqual([usually, wanted]);
    },
  );

  it('that is an error with no lifetime of its own is not stored, whatever the policy says', async () => {
    const site = await rulesSite(express, (_req, res) => void res.status(404).end(), {
      storeErrors: true,
      ttlSeconds: 60,
    });
    await site.askInTurn({}, {});
    expect(site.runs).toBe(2);
  });

  it('of an error that Express made keeps the headers of a handler that failed, and is not stored by default', async () => {
    const site = await rulesSite(express, (_req, res) => {
      res.set('Cache-Control', 'public, max-age=3600');
      throw Object.assign(new Error('no key for the model'), { status: 401, expose: true });
    });
    const answers = await site.askInTurn({}, {});
    expect(answers.map(({ status }) => status)).toEqual([401, 401]);
    expect(site.runs).toBe(2);
  });
});
