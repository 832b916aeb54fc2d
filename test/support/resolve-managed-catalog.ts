/** A process of its own that resolves the managed catalog and tells its parent what it found. */
import { resolveManagedCatalog } from '../../adapters/files/managed-catalog';

const [userFolder = '', shippedPath = ''] = process.argv.slice(2);

resolveManagedCatalog({ userFolder, shippedPath }).then(
	({ created, catalog }) => process.send?.({ created, models: catalog.models.length }),
	(error: unknown) => {
		process.stderr.write(`${String(error)}\n`);
		process.exitCode = 1;
	},
);
