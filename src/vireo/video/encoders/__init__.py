"""Frame encoders: trained on the catalogue, an ONNX file, or a Hugging Face model."""
