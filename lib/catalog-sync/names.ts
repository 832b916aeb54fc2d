/** File and entry names: how they are compared and made. */

/** ComfyUI on Windows writes backslashes. */
export function sameName(file: string): string {
	return file.replaceAll('\\', '/');
}

export function baseName(file: string): string {
	return sameName(file).split('/').pop() ?? file;
}

/** An entry name from a file name: lower case, words joined by hyphens, dots of versions kept. */
export function entryName(file: string): string {
	const stem = baseName(file)
		.replace(/(-\d{5}-of-\d{5})?\.(safetensors|sft|gguf|ckpt|pt2?|pth|pkl)$/i, '')
		.toLowerCase();
	const name = stem.replace(/[^\p{L}\p{N}.]+/gu, '-').replace(/^[-.]+|[-.]+$/g, '');
	return name.slice(0, 150) || 'model';
}

/** The name, with a number where it is taken; takes it. */
export function uniqueName(name: string, taken: Set<string>): string {
	let unique = name;
	for (let number = 2; taken.has(unique); number += 1) unique = `${name}-${number}`;
	taken.add(unique);
	return unique;
}
