"""One custom node, as a fresh checkout has one: it is imported and listed like any other."""


class ExampleRepeatText:
    """Gives the text back, repeated."""

    CATEGORY = "example"
    RETURN_TYPES = ("STRING",)
    FUNCTION = "repeat"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "text": ("STRING", {"default": "comfy"}),
                "times": ("INT", {"default": 2, "min": 1, "max": 16}),
            }
        }

    def repeat(self, text, times):
        return (text * times,)


NODE_CLASS_MAPPINGS = {"ExampleRepeatText": ExampleRepeatText}
NODE_DISPLAY_NAME_MAPPINGS = {"ExampleRepeatText": "Repeat Text (example)"}
