# The demo as a container, on CPUs: docker build -t mealrec . && docker run -p 7860:7860 mealrec
FROM python:3.12-slim

# A Space runs as this user too; nothing in the image has to be written by it but its home.
RUN useradd --create-home --uid 1000 user
WORKDIR /home/user/app

# First what rarely changes. The CPU build of torch is a tenth of the size of the one with CUDA.
COPY requirements.txt .
RUN pip install --no-cache-dir torch==2.13.0 --index-url https://download.pytorch.org/whl/cpu \
 && pip install --no-cache-dir -r requirements.txt

COPY app.py LICENSE NOTICE ./
COPY app app
COPY mealrec mealrec
COPY assets assets
COPY checkpoints checkpoints

USER user
ENV GRADIO_SERVER_NAME=0.0.0.0 GRADIO_SERVER_PORT=7860 PYTHONUNBUFFERED=1
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7860/', timeout=8)"]
CMD ["python", "app.py"]
