/** Reads Markdown as these tests need it: fenced blocks, headings as GitHub's anchors, links. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(__dirname, '../../..');

export interface Block {
	language: string;
	text: string;
	/** `README.md:12`, for messages. */
	where: string;
}

export interface Page {
	/** Relative to the repository. */
	path: string;
	text: string;
	blocks: Block[];
	anchors: Set<string>;
	links: string[];
}

/** The pages a reader is sent to. */
export function pages(): Page[] {
	const docs = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
		.map((file) => file.replaceAll('\\', '/'))
		.filter((file) => file.endsWith('.md'));
	const own = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md'];
	const paths = [...own, ...docs.sort().map((file) => `docs/${file}`)];
	return paths.map((path) => readPage(path));
}

export function readPage(path: string): Page {
	const text = readFileSync(join(ROOT, path), 'utf8');
	const prose = text.replace(/^```[\s\S]*?^```/gm, '');
	return {
		path,
		text,
		blocks: blocksOf(path, text),
		anchors: anchorsOf(prose),
		links: [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] as string),
	};
}

function blocksOf(path: string, text: string): Block[] {
	return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```/gm)].map((match) => ({
		language: match[1] as string,
		text: match[2] as string,
		where: `${path}:${text.slice(0, match.index).split('\n').length}`,
	}));
}

/** As GitHub makes them: lower case, without punctuation, spaces as hyphens. */
function anchorsOf(prose: string): Set<string> {
	const headings = [...prose.matchAll(/^#+ (.+)$/gm)].map((match) => match[1] as string);
	return new Set(
		headings.map((heading) =>
			heading
				.toLowerCase()
				.replace(/[^\p{L}\p{N} _-]/gu, '')
				.replaceAll(' ', '-'),
		),
	);
}
