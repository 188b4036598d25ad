/** What users read: README.md and the pages of docs/guide/, with the places in them that links lead to. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, posix } from 'node:path';

export interface DocPage {
  /** From the root of the repository, with slashes: README.md, docs/guide/streams.md. */
  readonly path: string;
  readonly markdown: string;
}

/** README.md first, then the guide's pages by name. */
export function docPages(root: string): readonly DocPage[] {
  const guide = readdirSync(join(root, 'docs/guide')).toSorted();
  return ['README.md', ...guide.map((name) => `docs/guide/${name}`)].map((path) => ({
    path,
    markdown: readFileSync(join(root, path), 'utf8'),
  }));
}

/** The links among the pages and to files that lead nowhere; those to other sites are left alone. */
export function brokenLinks(pages: readonly DocPage[], root: string): readonly string[] {
  const anchors = new Map(pages.map(({ path, markdown }) => [path, anchorsOf(markdown)]));
  const leads = ({ path, anchor }: Link): boolean => {
    const known = anchors.get(path);
    if (known === undefined) return anchor === undefined && existsSync(join(root, path));
    return anchor === undefined || known.has(anchor);
  };
  return pages.flatMap((page) =>
    linksOf(page)
      .filter((link) => !leads(link))
      .map(({ target }) => `${page.path}: ${target}`),
  );
}

/** The pages that README.md has no link to. */
export function unlinkedPages(pages: readonly DocPage[]): readonly string[] {
  const linked = new Set(
    pages
      .filter(({ path }) => path === 'README.md')
      .flatMap(linksOf)
      .map(({ path }) => path),
  );
  return pages.map(({ path }) => path).filter((path) => path !== 'README.md' && !linked.has(path));
}

interface Link {
  readonly target: string;
  /** From the root of the repository. */
  readonly path: string;
  readonly anchor: string | undefined;
}

function linksOf({ path, markdown }: DocPage): readonly Link[] {
  const text = withoutPrograms(markdown).replaceAll(/`[^`\n]*`/g, '');
  const targets = [...text.matchAll(/\]\((?!\w+:)([^)\s]+)\)/g)].map(([, target = '']) => target);
  return targets.map((target) => {
    const [file = '', anchor] = target.split('#');
    return { target, path: file === '' ? path : posix.join(posix.dirname(path), file), anchor };
  });
}

/** The anchors that GitHub makes of headings: lower case, no punctuation, hyphens for spaces, a number behind one that comes again. */
function anchorsOf(markdown: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, title = ''] of withoutPrograms(markdown).matchAll(/^#{1,6} +(.+)$/gm)) {
    const plain = title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(/\s/g, '-');
    let anchor = plain;
    for (let again = 1; anchors.has(anchor); again += 1) anchor = `${plain}-${again}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** Without programs and comments, whose lines can look like headings and links. */
function withoutPrograms(markdown: string): string {
  return markdown.replaceAll(/^[ \t]*```[^]*?^[ \t]*```[ \t]*$|<!--[^]*?-->/gm, '');
}
