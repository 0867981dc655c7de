/**
 * The text of a file in git's HEAD, by the built-in git extension: its interface where that runs in this host, else the
 * file system that it provides. Where there is neither (no git, a workspace that is not trusted, a browser without a
 * server) the words say so. No git is run from here.
 */
import * as vscode from "vscode";
import { type Former, nameOf, pythonOf } from "./savedText.ts";

// What is used of the git extension's interface, version 1.
interface GitRepository {
  readonly state: { readonly HEAD: { readonly commit?: string } | undefined; readonly onDidChange: vscode.Event<void> };
  show(ref: string, path: string): Promise<string>;
}

interface GitApi {
  readonly state: "uninitialized" | "initialized";
  readonly onDidChangeState: vscode.Event<unknown>;
  readonly onDidOpenRepository: vscode.Event<GitRepository>;
  getRepository(uri: vscode.Uri): GitRepository | null;
}

interface GitExtension {
  readonly enabled: boolean;
  getAPI(version: 1): GitApi;
}

/** Repositories are looked for when a window opens; a text that is asked for at once waits so long for that. */
const SETTLE_MS = 5000;

export interface GitHead extends vscode.Disposable {
  /** The text of `uri` in HEAD. */
  textOf(uri: vscode.Uri): Promise<Former>;
  /** HEAD may be another commit now. */
  readonly onDidChange: vscode.Event<void>;
}

export function createGitHead(log: vscode.LogOutputChannel): GitHead {
  const didChange = new vscode.EventEmitter<void>();
  const listeners: vscode.Disposable[] = [didChange];
  /** The commit that was told last, by repository. */
  const watched = new Map<GitRepository, string | undefined>();

  const watch = (repository: GitRepository): void => {
    if (watched.has(repository)) return;
    watched.set(repository, repository.state.HEAD?.commit);
    listeners.push(
      repository.state.onDidChange(() => {
        const commit = repository.state.HEAD?.commit;
        if (commit === watched.get(repository)) return;
        watched.set(repository, commit);
        didChange.fire();
      }),
    );
  };

  let heard: GitApi | null = null;
  /** A repository that is found later may be the one that was missed. */
  const hear = (api: GitApi): void => {
    if (heard === api) return;
    heard = api;
    listeners.push(api.onDidOpenRepository(() => didChange.fire()));
  };

  const byExtension = async (api: GitApi, uri: vscode.Uri): Promise<Former> => {
    await settled(api);
    hear(api);
    const repository = api.getRepository(uri);
    if (repository === null) {
      return {
        fault: `\`${nameOf(uri)}\` is in no git repository that is open here. Open the repository's folder, or compare with the saved text.`,
      };
    }
    watch(repository);
    try {
      return pythonOf(uri, await repository.show("HEAD", uri.fsPath));
    } catch (error) {
      log.debug(`git show HEAD:${uri.fsPath}: ${error instanceof Error ? error.message : String(error)}`);
      const isBorn = repository.state.HEAD?.commit !== undefined;
      return { fault: isBorn ? notInHead(uri) : "The repository has no commit yet. Commit the file to have something to compare with." };
    }
  };

  return {
    onDidChange: didChange.event,
    async textOf(uri) {
      if (uri.scheme === "untitled") return { fault: `\`${nameOf(uri)}\` was never saved, so git does not know it. Save and commit it.` };
      const extension = vscode.extensions.getExtension<GitExtension>("vscode.git");
      if (extension !== undefined) {
        const git = extension.isActive ? extension.exports : await extension.activate();
        if (!git.enabled) return { fault: "Git is turned off here. Set `git.enabled`, or compare with the saved text." };
        return byExtension(git.getAPI(1), uri);
      }
      return byFileSystem(uri);
    },
    dispose: () => vscode.Disposable.from(...listeners).dispose(),
  };
}

const notInHead = (uri: vscode.Uri): string => `\`${nameOf(uri)}\` is not in git's HEAD. Commit it to have something to compare with.`;

/** Resolves when repositories have been looked for, or after a while. */
async function settled(api: GitApi): Promise<void> {
  if (api.state === "initialized") return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      listener.dispose();
      resolve();
    };
    const timer = setTimeout(done, SETTLE_MS);
    const listener = api.onDidChangeState(() => {
      if (api.state === "initialized") done();
    });
  });
}

/** The git extension may run in another host: what it provides can be read all the same. */
async function byFileSystem(uri: vscode.Uri): Promise<Former> {
  if (vscode.workspace.fs.isWritableFileSystem("git") === undefined) {
    const why = vscode.workspace.isTrusted
      ? "Git is not at hand in this window"
      : "VS Code turns git off in a workspace that is not trusted";
    return { fault: `${why}. Compare with the saved text instead.` };
  }
  const query = JSON.stringify({ path: uri.path, ref: "HEAD" });
  try {
    const bytes = await vscode.workspace.fs.readFile(uri.with({ scheme: "git", query }));
    // The provider gives an empty file for what HEAD does not have.
    return bytes.length === 0 ? { fault: notInHead(uri) } : pythonOf(uri, await vscode.workspace.decode(bytes, { uri }));
  } catch {
    return { fault: notInHead(uri) };
  }
}
