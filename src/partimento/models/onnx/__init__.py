"""Models as ONNX files, which run in browsers, phones and plug-ins."""
