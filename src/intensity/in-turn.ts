/** Runs tasks of equal keys one after the other: who comes second finds what the first one fetched. */
export function inTurn(): <Result>(key: string, task: () => Promise<Result>) => Promise<Result> {
  const lastByKey = new Map<string, Promise<unknown>>();
  return async (key, task) => {
    const previous = lastByKey.get(key) ?? Promise.resolve();
    const mine = previous.then(task, task);
    lastByKey.set(key, mine);
    try {
      return await mine;
    } finally {
      if (lastByKey.get(key) === mine) lastByKey.delete(key);
    }
  };
}
