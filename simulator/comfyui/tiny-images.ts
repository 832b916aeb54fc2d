/** One-pixel JPEG and WebP files, for previews: real enough for any decoder, small enough to keep here. */

export const TINY_JPEG = Buffer.from(
	'/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP////////////////////////////////////////////////////////////////' +
		'//////////////////////wgALCAABAAEBAREA/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQABPxA=',
	'base64',
);

export const TINY_WEBP = Buffer.from(
	'UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA',
	'base64',
);

const MAGIC: readonly [type: string, head: readonly number[]][] = [
	['image/png', [0x89, 0x50, 0x4e, 0x47]],
	['image/jpeg', [0xff, 0xd8, 0xff]],
	['image/webp', [0x52, 0x49, 0x46, 0x46]],
	['image/gif', [0x47, 0x49, 0x46, 0x38]],
	['image/bmp', [0x42, 0x4d]],
];

/** Media type by the first bytes, or null: not an image that Pillow would open. */
export function imageType(bytes: Buffer): string | null {
	const found = MAGIC.find(([, head]) => head.every((byte, index) => bytes[index] === byte));
	return found ? found[0] : null;
}
