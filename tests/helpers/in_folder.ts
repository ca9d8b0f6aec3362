/** Wraps a test that needs a folder of its own: made before, removed after, whatever happens. */
export const inFolder = (run: (folder: string) => Promise<void>) => async (): Promise<void> => {
  const folder = await Deno.makeTempDir();
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
};
