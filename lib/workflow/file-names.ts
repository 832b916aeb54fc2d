/** When two names mean the same model file. Servers on Windows list sub-folders with backslashes; catalogs may leave the folder out. */

/** Forward slashes, no leading ones. */
export function normalFileName(name: string): string {
	return name
		.trim()
		.replace(/\\/g, '/')
		.replace(/^(\.?\/)+/, '');
}

/** The name without its folders. */
export function baseName(name: string): string {
	const normal = normalFileName(name);
	return normal.slice(normal.lastIndexOf('/') + 1);
}

/** True where both name the same file: equal, or one is the other without its (outer) folders. */
export function isSameFile(a: string, b: string): boolean {
	const left = normalFileName(a);
	const right = normalFileName(b);
	if (left === '' || right === '') return false;
	return left === right || left.endsWith(`/${right}`) || right.endsWith(`/${left}`);
}
