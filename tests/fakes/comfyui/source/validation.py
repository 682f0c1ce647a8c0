"""Says whether a prompt can run, and in ComfyUI's words what is wrong with it."""

from __future__ import annotations

import inspect
import logging
import traceback
from dataclasses import dataclass, field

import nodes

log = logging.getLogger(__name__)

LONGEST_LIST = 20
CONVERTERS = {"INT": int, "FLOAT": float, "STRING": str, "BOOLEAN": bool}


@dataclass
class Verdict:
    """What came out: the outputs that can run, else the error; node errors in both cases."""

    error: dict | None = None
    outputs: list[str] = field(default_factory=list)
    node_errors: dict = field(default_factory=dict)


def problem(kind, message, details="", **extra):
    return {"type": kind, "message": message, "details": details, "extra_info": extra}


def config_of(declaration):
    """Type and settings of an input, as an error shows them: no settings show as empty ones."""
    return [*declaration, {}][:2]


def is_link(value):
    return isinstance(value, list)


class Validation:
    """Checks each node once, from the outputs up."""

    def __init__(self, prompt):
        self.prompt = prompt
        self.results = {}  # node id -> (valid, its own problems)
        self._path = []

    def check(self, node_id):
        """(valid, own problems) of a node and of all above it."""
        if node_id in self._path:
            return False, []  # a circle: nothing of it can ever run
        if node_id not in self.results:
            self._path.append(node_id)
            try:
                self.results[node_id] = self._check_inputs(node_id)
            except Exception as error:
                self.results[node_id] = (False, [exception_problem(error)])
            finally:
                self._path.pop()
        return self.results[node_id]

    def _check_inputs(self, node_id):
        class_type = self.prompt[node_id]["class_type"]
        node = nodes.NODE_CLASS_MAPPINGS[class_type]
        required = node.INPUT_TYPES().get("required", {})
        problems, valid = [], True
        for name, declaration in nodes.inputs_of(node).items():
            if name not in self.prompt[node_id]["inputs"]:
                if name in required:
                    problems.append(
                        problem(
                            "required_input_missing",
                            "Required input is missing",
                            name,
                            input_name=name,
                        )
                    )
                continue
            found, upstream = self._check_input(node_id, name, declaration)
            problems += found
            valid = valid and upstream
        problems += self._ask_node(node_id, node) if not problems else []
        return valid and not problems, problems

    def _check_input(self, node_id, name, declaration):
        value = self.prompt[node_id]["inputs"][name]
        if is_link(value):
            return self._check_link(name, declaration, value)
        judges_itself = hasattr(
            nodes.NODE_CLASS_MAPPINGS[self.prompt[node_id]["class_type"]], "VALIDATE_INPUTS"
        )
        found = self._check_value(node_id, name, declaration, value, judges_itself)
        return ([found] if found else []), True

    def _check_link(self, name, declaration, value):
        told = {"input_name": name, "input_config": config_of(declaration)}
        if len(value) != 2:
            return [
                problem(
                    "bad_linked_input",
                    "Bad linked input, must be a length-2 list of [node_id, slot_index]",
                    name,
                    **told,
                    received_value=value,
                )
            ], True
        origin = nodes.NODE_CLASS_MAPPINGS[self.prompt[value[0]]["class_type"]]
        received, wanted = origin.RETURN_TYPES[value[1]], declaration[0]
        if received != wanted and "*" not in (received, wanted):
            details = f"{name}, received_type({received}) mismatch input_type({wanted})"
            return [
                problem(
                    "return_type_mismatch",
                    "Return type mismatch between linked nodes",
                    details,
                    **told,
                    received_type=received,
                    linked_node=value,
                )
            ], True
        return [], self.check(value[0])[0]

    def _check_value(self, node_id, name, declaration, value, judges_itself):
        kind = declaration[0]
        settings = config_of(declaration)[1]
        told = {"input_name": name, "input_config": config_of(declaration), "received_value": value}
        if isinstance(kind, list):
            return None if judges_itself else check_choice(name, kind, value, told)
        try:
            value = CONVERTERS[kind](value) if kind in CONVERTERS else value
        except (TypeError, ValueError) as error:
            return problem(
                "invalid_input_type",
                f"Failed to convert an input value to a {kind} value",
                f"{name}, {value}, {error}",
                **told,
                exception_message=str(error),
            )
        self.prompt[node_id]["inputs"][name] = value
        return check_range(name, settings, value, {**told, "received_value": value})

    def _ask_node(self, node_id, node):
        judge = getattr(node, "VALIDATE_INPUTS", None)
        if judge is None:
            return []
        given = self.prompt[node_id]["inputs"]
        asked = inspect.signature(judge).parameters
        values = {n: given[n] for n in asked if n in given and not is_link(given[n])}
        answer = judge(**values)
        if answer is True:
            return []
        return [
            problem(
                "custom_validation_failed",
                "Custom validation failed for node",
                f"{name} - {answer}",
                input_name=name,
            )
            for name in values
        ]


def check_choice(name, choices, value, told):
    if value in choices:
        return None
    listed = f"{choices}"
    if len(choices) > LONGEST_LIST:
        listed, told = f"(list of length {len(choices)})", {**told, "input_config": None}
    return problem(
        "value_not_in_list", "Value not in list", f"{name}: '{value}' not in {listed}", **told
    )


def check_range(name, settings, value, told):
    if "min" in settings and value < settings["min"]:
        message = f"Value {value} smaller than min of {settings['min']}"
        return problem("value_smaller_than_min", message, name, **told)
    if "max" in settings and value > settings["max"]:
        message = f"Value {value} bigger than max of {settings['max']}"
        return problem("value_bigger_than_max", message, name, **told)
    return None


def exception_problem(error):
    return problem(
        "exception_during_validation",
        "Exception when validating node",
        str(error),
        exception_type=type(error).__name__,
        traceback=traceback.format_tb(error.__traceback__),
    )


def _find_outputs(prompt, targets):
    """The output nodes, or the error of a node that cannot exist."""
    outputs = []
    for node_id, entry in prompt.items():
        if "class_type" not in entry:
            return [], problem(
                "invalid_prompt",
                "Cannot execute because a node is missing the class_type property.",
                f"Node ID '#{node_id}'",
            )
        node = nodes.NODE_CLASS_MAPPINGS.get(entry["class_type"])
        if node is None:
            return [], problem(
                "invalid_prompt",
                f"Cannot execute because node {entry['class_type']} does not exist.",
                f"Node ID '#{node_id}'",
            )
        if getattr(node, "OUTPUT_NODE", False) and (targets is None or node_id in targets):
            outputs.append(node_id)
    if not outputs:
        return [], problem("prompt_no_outputs", "Prompt has no outputs")
    return outputs, None


def validate_prompt(prompt, targets=None):
    """The verdict on a whole prompt. One good output is enough to run."""
    outputs, error = _find_outputs(prompt, targets)
    if error:
        return Verdict(error=error)
    validation, verdict, own = Validation(prompt), Verdict(), []
    for output in outputs:
        valid, problems = validation.check(output)
        if valid:
            verdict.outputs.append(output)
        else:
            own += problems
            _blame(verdict.node_errors, validation, output, problems)
    if not verdict.outputs:
        details = "\n".join(dict.fromkeys(f"{p['message']}: {p['details']}" for p in own))
        verdict.error = problem(
            "prompt_outputs_failed_validation", "Prompt outputs failed validation", details
        )
    return verdict


def _blame(node_errors, validation, output, problems):
    """Adds the nodes with problems of their own. The real one names every bad node so far as one
    this output depends on, and so does this."""
    lines = [f"Failed to validate prompt for output {output}:"]
    lines += _problem_lines("* (prompt):", problems)
    for node_id, (valid, found) in validation.results.items():
        if valid or not found:
            continue
        class_type = validation.prompt[node_id]["class_type"]
        if node_id not in node_errors:
            node_errors[node_id] = {
                "errors": found,
                "dependent_outputs": [],
                "class_type": class_type,
            }
            lines += _problem_lines(f"* {class_type} {node_id}:", found)
        node_errors[node_id]["dependent_outputs"].append(output)
    for line in [*lines, "Output will be ignored"]:
        log.error(line)


def _problem_lines(title, problems):
    if not problems:
        return []
    return [title] + [f"  - {p['message']}: {p['details']}" for p in problems]
