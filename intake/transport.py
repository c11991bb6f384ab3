"""The seam of all transports: what is done with messages once, and what each transport must be able to do.

Every message is taken in effect once and answered to nobody: its event is in the log, or the message lies in the dead
letters with its problem, before it is acknowledged. A store or broker that is away is waited for, and everything that
was not acknowledged is done again; the log knows repeats.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import structlog

from brands.brands import brand_names
from core import limits
from core.errors import Refusal
from core.slicing import sliced
from core.stores.away import is_away
from core.stores.postgres import Postgres
from core.telemetry import told
from intake.dead_letters import DeadLetter, Letter, LetterBox
from intake.intake import Intake
from intake.message import Message, brand_of, event_of, stretches

_logger = structlog.get_logger()


class Line(Protocol):
    """How one transport reads, acknowledges, buries and replays; in nothing else do transports differ."""

    @property
    def name(self) -> str:
        """What logs and refused events call it."""
        ...

    @property
    def away(self) -> tuple[type[Exception], ...]:
        """What it raises while its broker is not there, or not now."""
        ...

    def reading(self) -> AbstractAsyncContextManager[None]:
        """Be a reader: what was read and never acknowledged comes again, before anything new. Waits for its turn."""
        ...

    async def read(self) -> Sequence[Message]:
        """The next messages, in the order of each subject; none when nothing came for a second."""
        ...

    async def bury(self, letters: Sequence[Letter]) -> None:
        """Keep letters; durable when this returns."""
        ...

    async def acknowledge(self, messages: Sequence[Message]) -> None:
        """Never give these again. They are the oldest that were read and not yet acknowledged."""
        ...

    async def letters(self, count: int) -> list[DeadLetter]:
        """The latest letters, newest first. Raises Refusal 503 while the broker is away."""
        ...

    async def replay(self, number: str) -> bool:
        """Send a letter's message again as it came and take the letter off; False when there is none.

        Raises Refusal 503 while the broker is away.
        """
        ...


class Transport:
    """One way in, whatever brings the messages."""

    def __init__(self, line: Line, postgres: Postgres, intake: Intake, letter_box: LetterBox) -> None:
        self._line = line
        self._postgres = postgres
        self._intake = intake
        self._letter_box = letter_box
        self._told = ""

    @property
    def name(self) -> str:
        return self._line.name

    async def run(self) -> None:
        """Take messages for ever; whatever is away is waited for, and said once."""
        while not _asked_to_end():
            try:
                async with self._line.reading():
                    while not _asked_to_end():
                        messages = await self._line.read()
                        for stretch in stretches(messages):
                            await self._finish(stretch)
                        del messages  # not held while the next ones are read
                        self._told = ""
            except Refusal as refusal:
                self._tell(refusal)
            except self._line.away as error:
                self._tell(error)
            except asyncio.CancelledError:
                if _asked_to_end():
                    raise
                self._tell(ConnectionError("the connection broke"))
            await asyncio.sleep(limits.POLL_SECONDS)
        raise asyncio.CancelledError

    async def letters(self, count: int) -> list[DeadLetter]:
        """The latest dead letters, newest first. Raises Refusal 503 while the broker is away."""
        return await self._line.letters(count)

    async def replay(self, number: str) -> bool:
        """Put a dead letter back as it came; False when there is none. Raises Refusal 503 while the broker is away."""
        return await self._line.replay(number)

    async def _finish(self, messages: Sequence[Message]) -> None:
        letters = await self._taken(messages)
        if letters:
            await self._line.bury(letters)
        await self._line.acknowledge(messages)

    async def _taken(self, messages: Sequence[Message]) -> list[Letter]:
        """Take messages; while Postgres is away, wait and take them again without giving up the place of a reader.

        What fails otherwise is a defect: messages are then taken one by one, and the one that fails alone so often that
        no passing trouble explains it becomes a letter like any other that cannot be taken. The rest goes on.
        """
        tries = 0
        while True:
            try:
                return await self._take(messages)
            except Exception as error:
                if is_away(error):
                    self._tell(error)
                elif len(messages) > 1:
                    _logger.error("messages taken one by one", transport=self.name, count=len(messages), **told(error))
                    return [letter for message in messages for letter in await self._taken([message])]
                else:
                    tries += 1
                    _logger.error("message not taken", transport=self.name, tries=tries, **told(error))
                    if tries >= limits.POISON_TRIES_MAX:
                        return [await self._unexplained(messages[0])]
            await asyncio.sleep(limits.POLL_SECONDS)

    async def _unexplained(self, message: Message) -> Letter:
        """The letter of a message that nobody could take, as if nothing were known of what it holds."""
        problem = Refusal(500, "failed", "a defect of ours; it was logged, and the message is kept").as_problem()
        return await self._letter_box.write(message, None, problem, await brand_names(self._postgres))

    async def _take(self, messages: Sequence[Message]) -> list[Letter]:
        """Append what is right; the letters of what is wrong."""
        brands = await brand_names(self._postgres)
        if not brands:
            raise Refusal(503, "no_brand", "this installation has no brand yet")
        by_brand: dict[str, list[tuple[int, Any]]] = defaultdict(list)
        wrong: dict[int, tuple[Any, Mapping[str, Any]]] = {}
        async for place, message in sliced(enumerate(messages)):
            event = event_of(message)
            if isinstance(event, Refusal):
                wrong[place] = (None, event.as_problem())
            elif isinstance(brand := brand_of(event, brands), Refusal):
                wrong[place] = (event, brand.as_problem())
            else:
                by_brand[brand].append((place, event))
        for brand, events in by_brand.items():
            taken = await self._intake.take(brand, [event for _, event in events], self.name)
            for (place, event), answer in zip(events, taken, strict=True):
                if answer.problem is not None:
                    wrong[place] = (event, answer.problem)
        places = sliced(sorted(wrong))
        return [await self._letter_box.write(messages[place], *wrong[place], brands) async for place in places]

    def _tell(self, error: Exception) -> None:
        """Say what is waited for, once for each new reason."""
        words = told(error)
        if words["error"] != self._told:
            _logger.warning("transport waits", transport=self.name, **words)
            self._told = words["error"]


def _asked_to_end() -> bool:
    """Whether this task is being cancelled.

    The exception alone does not say it: a client whose connection breaks cancels what waits for it, and a client that
    is being closed may swallow the cancelling of its caller.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
