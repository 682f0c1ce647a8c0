import { Command as Cmdk } from "cmdk";
import { Dialog as Radix } from "radix-ui";
import { type KeyboardEvent, useRef } from "react";

import { type Command, useAllCommands } from "@/state/commands";
import { show, useInterface } from "@/state/interface";
import { Dialog } from "@/ui/dialog";
import { Keys } from "@/ui/keys";
import { useReturnFocus } from "@/ui/return-focus";
import { t } from "@/words";

/** Every action of the app, by its name. */
export function Palette() {
  const open = useInterface((state) => state.paletteOpen);
  const giveFocusBack = useReturnFocus(open);
  const chosen = useRef<Command | null>(null);
  const run = (command: Command) => {
    chosen.current = command;
    show({ paletteOpen: false });
  };
  // Only then may the command run: what it opens takes the focus, and gives it back to where it was.
  const closed = (event: Event) => {
    giveFocusBack(event);
    chosen.current?.run();
    chosen.current = null;
  };
  return (
    <Radix.Root open={open} onOpenChange={(next) => show({ paletteOpen: next })}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-50 bg-scrim" />
        <Radix.Content
          aria-describedby={undefined}
          onCloseAutoFocus={closed}
          onKeyDown={closeAgain}
          className="animate-rise fixed top-[14vh] left-1/2 z-50 w-[min(38rem,calc(100vw-3rem))] -translate-x-1/2 overflow-hidden rounded-xl border border-line-strong bg-surface shadow-overlay"
        >
          <Radix.Title className="sr-only">{t("Commands")}</Radix.Title>
          <Cmdk label={t("Commands")} loop filter={fitOf}>
            <Cmdk.Input
              autoFocus
              placeholder={t("What would you like to do?")}
              className="h-12 w-full border-b bg-transparent px-4 text-lg outline-none placeholder:text-ink-faint"
            />
            <Cmdk.List className="max-h-96 overflow-y-auto p-1.5">
              <Groups run={run} />
            </Cmdk.List>
            <Cmdk.Empty className="p-6 text-center text-ink-soft">{t("No command has that name.")}</Cmdk.Empty>
          </Cmdk>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

// The keys that opened it.
function closeAgain(event: KeyboardEvent): void {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "k" || event.repeat) return;
  event.preventDefault();
  show({ paletteOpen: false });
}

function Groups({ run }: { readonly run: (command: Command) => void }) {
  const commands = useAllCommands().filter((command) => command.id !== "palette");
  return grouped(commands).map(([group, commands]) => (
    <Cmdk.Group
      key={group}
      heading={group}
      className="[&_[cmdk-group-heading]]:px-2.5 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:text-ink-faint"
    >
      {commands.map((command) => (
        <Cmdk.Item
          key={command.id}
          value={`${command.title} ${command.id}`}
          {...(command.keywords ? { keywords: command.keywords.split(" ") } : {})}
          onSelect={() => run(command)}
          className="flex h-9 cursor-default items-center gap-3 rounded-md px-2.5 data-[selected=true]:bg-hover [&_svg]:size-4 [&_svg]:text-ink-faint"
        >
          <span className="flex w-4 justify-center">{command.icon}</span>
          <span className="min-w-0 flex-1 truncate">{command.title}</span>
          {command.shortcut && <Keys of={command.shortcut} />}
        </Cmdk.Item>
      ))}
    </Cmdk.Group>
  ));
}

// Letters strewn over a sentence are no match: "home" is not in "Install anotHer versiOn, coMmit, rElease".
function fitOf(title: string, search: string, keywords: string[] = []): number {
  const [whole, wanted] = [title.toLowerCase(), search.trim().toLowerCase()];
  if (whole.startsWith(wanted)) return 1;
  const all = [whole, ...keywords].join(" ").toLowerCase();
  return wanted.split(/\s+/).every((word) => all.includes(word)) ? 0.5 : 0;
}

/** The list of shortcuts, `?`. */
export function Shortcuts() {
  const open = useInterface((state) => state.shortcutsOpen);
  const commands = useAllCommands().filter((command) => command.shortcut);
  return (
    <Dialog
      open={open}
      onClose={() => show({ shortcutsOpen: false })}
      wide
      title={t("Keyboard shortcuts")}
      description={t("Everything else is in the command palette, and every list goes by arrow keys.")}
    >
      <div className="grid gap-x-10 gap-y-6 sm:grid-cols-2">
        {grouped(commands).map(([group, members]) => (
          <section key={group}>
            <h3 className="mb-1 text-sm text-ink-faint">{group}</h3>
            <ul>
              {members.map((command) => (
                <li key={command.id} className="flex h-8 items-center justify-between gap-4">
                  {command.title}
                  <Keys of={command.shortcut ?? ""} />
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
    </Dialog>
  );
}

function grouped(commands: readonly Command[]): [string, Command[]][] {
  const groups = new Map<string, Command[]>();
  for (const command of commands) {
    const members = groups.get(command.group);
    if (members) members.push(command);
    else groups.set(command.group, [command]);
  }
  return [...groups].sort(([one], [other]) => rankOf(one) - rankOf(other));
}

// What is at hand comes first, the ways to elsewhere last. A group that nobody ranked leads.
const ORDER: readonly string[] = [t("This version"), t("Log"), t("Versions"), t("Trash"), t("Jobs"), t("Go to"), t("General")];
const rankOf = (group: string) => ORDER.indexOf(group);
