"""On-device perception: where a face is, whose it is, and whether somebody is really there.

It knows no camera and no terminal. Importing its modules is cheap: mediapipe and onnxruntime are loaded by the first
object that needs them.
"""
