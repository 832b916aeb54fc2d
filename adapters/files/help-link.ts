/** Where an error is explained: the section of its code in the troubleshooting page of the repository that package.json names. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { ErrorCode } from '../../lib/errors';
import { packageRoot } from './package-root';

let page: string | undefined;

/** Address of the page, without anchor. */
function troubleshootingPage(): string {
	page ??= `${repositoryUrl()}/blob/main/docs/troubleshooting.md`;
	return page;
}

/** `git+https://host/owner/name.git`, as npm writes it, as the address that a browser opens. */
function repositoryUrl(): string {
	const text = readFileSync(join(packageRoot(), 'package.json'), 'utf8');
	const { repository } = JSON.parse(text) as { repository: { url: string } };
	return repository.url.replace(/^git\+/, '').replace(/\.git$/, '');
}

/** Anchors are the headings in small letters. */
export function helpLink(code: ErrorCode): string {
	return `${troubleshootingPage()}#${code.toLowerCase()}`;
}
